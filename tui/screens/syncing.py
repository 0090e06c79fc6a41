"""The part of the main screen that builds and syncs the index."""

from __future__ import annotations

from textual import work
from textual.content import Content
from textual.worker import get_current_worker

from codesearch import CodesearchError
from tui.cards import duration
from tui.indexing import Done, Indexing, Moment
from tui.lines import bar, cut_left, one_line
from tui.screens.desk import Desk


class Syncing(Desk):
    """Runs at most one sync; searching goes on beside it."""

    def action_sync(self) -> None:
        """Bring the index to HEAD; while that runs: stop it."""
        running = [w for w in self.workers if w.group == "sync" and not w.is_finished]
        if running:
            self.workers.cancel_group(self, "sync")
        elif self.session is None or self.card == "trouble":
            self.open_session()
        else:
            self._sync(first=self.card == "not indexed")

    def action_retry(self) -> None:
        """After trouble: from the beginning."""
        self.open_session()

    @work(exclusive=True, group="sync")
    async def _sync(self, *, first: bool) -> None:
        assert self.session is not None
        indexing = Indexing(self.session.target, self.session.at or "HEAD")
        done = None
        self.header.syncing = True
        self._show_moment(None, first=first)
        try:
            async for said in indexing.run():
                if isinstance(said, Done):
                    done = said
                else:
                    if first and self.session.index.is_built:  # a part of it can be searched
                        first, self.card = False, ""
                        await self.look()
                    self._show_moment(said, first=first)
            if done is not None:
                self.notify(_report(done), title="Synced", timeout=4)
        except CodesearchError as error:
            self.notify(error.remedy, title=str(error), severity="error", timeout=12)
        finally:
            await indexing.stop()
            if self.is_mounted and self.app.is_running:
                self.header.syncing = False
                self.progress.display = False
                if get_current_worker().is_cancelled:
                    self.notify("What was encoded is kept for the next time.", title="Stopped")
                self.open_session()

    def _show_moment(self, moment: Moment | None, *, first: bool) -> None:
        if first:
            self.show_building(moment)
            return
        self.progress.display = True
        self.progress.update(_line(moment, self.size.width))


def _line(moment: Moment | None, width: int) -> Content:
    if moment is None or not moment.progress.files_total:
        return Content.from_markup(" [$accent]Syncing[/] [$quiet]reading the tree … [/]")
    progress = moment.progress
    full, rest = bar(moment.share, 20)
    return Content.from_markup(
        " [$accent]Syncing[/] [$accent]$full[/][$line]$rest[/] [$quiet]$counts  $path[/]",
        full=full,
        rest=rest,
        counts=f"{progress.files_done:,}/{progress.files_total:,} files"
        f" · {moment.per_second:,.0f} chunks/s · {duration(moment.left)} left",
        path=cut_left(one_line(progress.path), max(10, width - 80)),
    )


def _report(done: Done) -> str:
    return (
        f"{done.files:,} files, {done.chunks:,} chunks at {done.commit[:8]}; "
        f"{done.encoded:,} new, in {done.seconds:.1f} s"
    )
