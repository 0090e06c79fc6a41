"""What results and preview have in common: lines, drawn when they come into view."""

from __future__ import annotations

from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView


class LineView(ScrollView, can_focus=True):
    """Scrolls over lines. Its scroll bar has its column always (``app.tcss``), so that other
    contents need no new layout of the screen: that would cost more than drawing them.
    """

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    def holds(self, width: int, height: int) -> None:
        """Say how many cells and lines there are to scroll over."""
        self.virtual_size = Size(width, height)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = height
