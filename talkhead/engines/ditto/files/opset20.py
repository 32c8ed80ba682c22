"""The warp network's ONNX file in a form that onnxruntime can run on CUDA.

Published at opset 17, it samples volumes with an operator that is standard for volumes from
opset 20 on: onnxruntime's CPU kernel does not mind, its CUDA kernel does (ditto.md §1.3).
"""

from pathlib import Path

from talkhead.errors import CheckpointMismatch, SoftwareMissing

OPSET = 20


def at_opset_20(path: Path) -> bytes:
    """The same graph, converted in memory. Needs the `onnx` package.

    Raises:
        SoftwareMissing: there is no `onnx`.
        CheckpointMismatch: the file is not an ONNX file that can be converted.
    """
    try:
        import onnx  # only this needs it
        from onnx.version_converter import convert_version
    except ImportError as error:
        message = f"{path} needs the package onnx to run on CUDA"
        remedy = "install it (`pip install onnx`), or put warp_network.pth there, which does not"
        raise SoftwareMissing(f"{message}; {remedy}") from error

    try:
        # Renames the modes of sampling too: "bilinear" is "linear" from opset 20 on.
        converted = convert_version(onnx.load(path), OPSET)
    except Exception as error:  # protobuf's and the converter's have no common class
        reason = str(error).partition("\n")[0]
        message = f"{path} cannot be converted to ONNX opset {OPSET}: {reason}"
        raise CheckpointMismatch(message) from error
    return converted.SerializeToString()
