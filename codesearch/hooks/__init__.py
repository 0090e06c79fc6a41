"""Git hooks that start a sync in the background, and never slow down or break a git command.

Every hook gets one line, between marks, that calls ``starter.sh`` in the folder ``codesearch`` of
the git directory; what a shared folder of hooks (``core.hooksPath``) does in other repositories is
therefore nothing. ``install.py`` puts the lines in and takes them out, ``starter.sh`` sees to it
that a storm of commits starts one process, and ``background.py`` is that process.
"""
