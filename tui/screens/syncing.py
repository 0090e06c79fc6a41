"""The part of the main screen that builds and syncs the index."""

from __future__ import annotations

import asyncio

from textual import work
from textual.content import Content
from textual.worker import get_current_worker

from codesearch import CodesearchError
from tui.cards import duration
from tui.indexing import Done, Indexing, Moment, Target
from tui.lines import bar, cut, cut_left, one_line
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
        self.header.syncing = True
        self._show_moment(None, first=first)
        try:
            todo = await asyncio.to_thread(self.session.to_sync)
            if not todo:
                self.notify("Nothing has moved on.", title="Synced", timeout=4)
            for name, target in todo:
                await self._sync_one(name if self.session.is_several else "", target, first=first)
        except CodesearchError as error:
            self.notify(error.remedy, title=str(error), severity="error", timeout=12)
        finally:
            if self.is_mounted and self.app.is_running:
                self.header.syncing = False
                self.progress.display = False
                if get_current_worker().is_cancelled:
                    self.notify("What was encoded is kept for the next time.", title="Stopped")
                self.open_session()

    async def _sync_one(self, name: str, target: Target, *, first: bool) -> None:
        """Sync an index (``name``: which, where there are several); failing, say so."""
        assert self.session is not None
        indexing = Indexing(target, self.session.at or "HEAD")
        try:
            async for said in indexing.run():
                if isinstance(said, Done):
                    self.notify(_report(said), title=f"Synced {name}".strip(), timeout=4)
                    continue
                if first and self.session.is_built:  # a part of it can be searched
                    first, self.card = False, ""
                    await self.look()
                self._show_moment(said, first=first, name=name)
        except CodesearchError as error:
            title = f"{name}: {error}" if name else str(error)
            self.notify(error.remedy, title=title, severity="error", timeout=12)
        finally:
            await indexing.stop()

    def _show_moment(self, moment: Moment | None, *, first: bool, name: str = "") -> None:
        if first:
            self.show_building(moment)
            return
        self.progress.display = True
        self.progress.update(_line(moment, name, self.size.width))


def _line(moment: Moment | None, name: str, width: int) -> Content:
    verb = f"Syncing {cut(one_line(name), 24)}".rstrip()
    if moment is None or not moment.progress.files_total:
        return Content.from_markup(" [$accent]$verb[/] [$quiet]reading the tree … [/]", verb=verb)
    progress = moment.progress
    full, rest = bar(moment.share, 20)
    return Content.from_markup(
        " [$accent]$verb[/] [$accent]$full[/][$line]$rest[/] [$quiet]$counts  $path[/]",
        verb=verb,
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
