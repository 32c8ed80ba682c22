"""The `ditto` engine: the published system, re-implemented from its description.

engine      what it can do; loads the models from the folder of `files`
speech      speech to features
generation  features to key points, window after window: conditions, `motion`, the sampler
motion      what is done to motion: layout, fusion, smoothing, stitching; NumPy
registration  what is learnt of a face before it speaks
rendering   key points to pictures
networks    the six networks, as published
"""
