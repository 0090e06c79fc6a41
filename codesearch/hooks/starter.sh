# Called by git's hooks with the hook's name and arguments: starts a sync in the background.
# Whatever happens here, git does not wait for it and does not hear of it.
[ "$1" != post-checkout ] || [ "$4" = 1 ] || exit 0 # files were taken out, HEAD stayed
[ "$(id -u)" = "$user" ] || exit 0               # another one's index is not ours to write
here=$(cd "${0%/*}" && pwd) || exit 0
git_dir=$(git rev-parse --absolute-git-dir) || exit 0

# One process at most waits for its turn: it has not looked at HEAD yet, and will see what we see.
# (Ten minutes: a number of a process may be given to another one, after a crash.)
waiting="$here/waiting-${git_dir##*/}"
if [ -f "$waiting" ] && read -r pid <"$waiting" && kill -0 "$pid" &&
    [ -n "$(find "$waiting" -mmin -10)" ]; then
    exit 0
fi

if [ -x "$python" ]; then
    set -- "$python" -P -m codesearch # -P: nothing is imported from the folder we are in
else
    set -- "$(command -v codesearch)"
    [ -x "$1" ] || exit 0
fi
(
    trap '' HUP
    cd /
    sleep 1
    tries=0 # a rebase is awaited, but not one that waits for its user
    while [ -d "$git_dir/rebase-merge" ] || [ -d "$git_dir/rebase-apply" ]; do
        tries=$((tries + 1))
        [ $tries -le 120 ] || exit 0
        sleep 1
    done
    [ -f "$waiting" ] || exit 0 # the hooks were taken out meanwhile
    exec nice -n 19 "$@" hooks run --marker "$waiting" \
        ${index_dir:+--index-dir "$index_dir"} "$git_dir"
) &
echo $! >"$waiting"
