"""A run as users have it: its records, and what shows them in a notebook, a chart, a report."""

from __future__ import annotations

from pathlib import Path

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.report.notebook import html
from gradiometer.report.sections import Figure
from gradiometer.runs.run import RecordedRun


class Run(RecordedRun):
    """One environment and its records. A notebook shows how it ended, and what is how fast.

    Attributes:
        path: The run's folder.
        info: What `run.json` holds: environment, versions, options, plan, state.
        records: One row a cell, in the order in which cells ended.
    """

    def chart(self, name: str, operator: str | None = None) -> Figure:
        """Return a chart of the report, which a notebook shows; its `chart` is Altair's.

        Args:
            name: One of `gradiometer.report.charts.CHARTS`: agreement, ranking, accuracy-cost,
                scaling, memory, cost.
            operator: One of `operators`; by default the first.

        Raises:
            UnknownName: If there is no such chart, or the run has no such operator.
            GradiometerError: If the run has nothing that it could show.
        """
        from gradiometer.report.charts import CHARTS, figures  # drawing takes long to import

        if name not in CHARTS:
            raise UnknownName("chart", name, CHARTS, ordered=True)
        chosen = self._known(operator)
        found = figures(self, name, chosen)
        if not found:
            title = CHARTS[name][0].format(chosen)
            raise GradiometerError(
                f"Run {self.id} has nothing to show of {title!r}: expected times of cells that "
                "are ok, of `scaling` at three sizes of a problem. See `coverage()`."
            )
        return found[0]

    def report(self, reports: str | Path = "reports") -> Path:
        """Write the report into `<reports>/<id>`, and return the path of its page.

        Raises:
            GradiometerError: If it cannot be written there.
        """
        from gradiometer.report.page import write  # drawing takes long to import

        return write(self, Path(reports))[0]

    def _repr_html_(self) -> str:
        return html(self)
