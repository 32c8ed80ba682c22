"""Where the face is in a picture, and whether it can be animated. ONNX models of MediaPipe."""
