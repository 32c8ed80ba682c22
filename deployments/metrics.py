"""The numbers the dashboards draw."""

from ray.serve import metrics

from talkhead.batching import BatchReport

_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]


class BatchMetrics:
    """Size, wait and run time of every batch, by stage."""

    def __init__(self) -> None:
        tags = ("stage",)
        self._size = metrics.Histogram(
            "talkhead_batch_size",
            description="Items in a batch.",
            boundaries=[1, 2, 4, 8, 16, 32],
            tag_keys=tags,
        )
        self._wait = metrics.Histogram(
            "talkhead_batch_wait_seconds",
            description="From submission to the start of the batch, per item.",
            boundaries=_SECONDS,
            tag_keys=tags,
        )
        self._run = metrics.Histogram(
            "talkhead_batch_run_seconds",
            description="Time on the device, per batch.",
            boundaries=_SECONDS,
            tag_keys=tags,
        )

    def observe(self, stage: str, report: BatchReport) -> None:
        tags = {"stage": stage}
        self._size.observe(report.size, tags)
        self._run.observe(report.run_s, tags)
        for waited_s in report.waited_s:
            self._wait.observe(waited_s, tags)


class StreamMetrics:
    def __init__(self) -> None:
        self._first_fragment = metrics.Histogram(
            "talkhead_first_fragment_seconds",
            description="Request read to first playable bytes.",
            boundaries=[0.1, 0.25, 0.5, 1, 2, 4, 8],
        )

    def observe(self, first_fragment_s: float) -> None:
        self._first_fragment.observe(first_fragment_s)
