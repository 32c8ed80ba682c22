"""A finished fragmented MP4 to a progressive one, as files are best kept: nothing is re-encoded."""

from pathlib import Path

import av
from av.container import InputContainer, OutputContainer

from talkhead.errors import RenderingFailed


def to_progressive(source: Path, target: Path) -> None:
    """Write `target` with the index in front of the media, the same packets, times and comment.

    It is made beside `target` and put there complete, or not at all.

    Raises:
        RenderingFailed: `source` is not an MP4 that can be read to its end.
        OSError: a file is not there, or the disk is full.
    """
    partial = target.with_name(target.name + ".part")
    options = {"movflags": "faststart"}
    try:
        with (
            av.open(str(source), "r", format="mp4") as reader,
            av.open(str(partial), "w", format="mp4", options=options) as writer,
        ):
            _copy(reader, writer)
        partial.replace(target)
    except (ValueError, EOFError) as error:  # FFmpeg's errors are these, too
        raise RenderingFailed(f"{source.name} is not an MP4 that can be read to its end") from error
    finally:
        partial.unlink(missing_ok=True)


def _copy(reader: InputContainer, writer: OutputContainer) -> None:
    if not reader.streams:
        raise ValueError("no streams")
    writer.metadata["comment"] = reader.metadata.get("comment", "")
    copies = {s.index: writer.add_stream_from_template(s) for s in reader.streams}
    for packet in reader.demux():
        if packet.dts is not None:  # the last one of each stream only flushes decoders
            packet.stream = copies[packet.stream.index]
            writer.mux(packet)
