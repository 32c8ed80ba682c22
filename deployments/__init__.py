"""`talkhead` on Ray Serve: one deployment class a file, and no logic a test would need Ray for.

    Ingress (HTTP, CPU): one session = one async generator
       ├──> AudioEncoder      batched over sessions
       ├──> MotionDiffusion   batched over sessions
       └──> Renderer          frames batched over sessions, then H.264

Every call is unary, short and repeatable: the three hold no session. With `fuse` one process does
the work of all three. A file that needs torch imports it inside `__init__`: `app` imports every
deployment, on machines that have no GPU.
"""
