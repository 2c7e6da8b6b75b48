"""A table that is printed in a terminal and written as Markdown."""

from dataclasses import dataclass, field

import rich.table


@dataclass
class Table:
    """A title, the names of the columns, and rows of cells, all text."""

    title: str
    columns: tuple
    rows: list = field(default_factory=list)

    def add(self, *cells):
        """Add a row; None leaves a cell empty."""
        self.rows.append(["" if c is None else str(c) for c in cells])

    def rich(self):
        """Return it for rich's console."""
        table = rich.table.Table(title=self.title)
        for name, numbers in zip(self.columns, self._numbers(), strict=True):
            table.add_column(name, justify="right" if numbers else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self):
        """Return it as GitHub's Markdown has tables, under its title."""
        rule = ["---:" if numbers else "---" for numbers in self._numbers()]
        rows = [self.columns, rule, *self.rows]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([f"**{self.title}**", "", *lines])

    def _numbers(self):
        """Tell of each column whether its cells begin as numbers do."""
        return [
            any(cells) and all(c[:1] in "-+0123456789" for c in cells)
            for cells in (
                [row[k] for row in self.rows] for k in range(len(self.columns))
            )
        ]
