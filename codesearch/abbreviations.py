"""What programmers write short: ``ws`` in a name is the "websocket" of a question, and back.

Only what is short for one thing, or for a few near each other, in programs of all kinds; both
sides are compared by their stems, so ``args`` and "arguments" need no line of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from functools import cache

from codesearch.lexical import stem

_TABLE = """
addr address
alloc allocate allocator
app application
arg argument
async asynchronous
attr attribute
auth authenticate authentication authorize authorization
bg background
bin binary
bool boolean
buf buffer
calc calculate calculation
cb callback
cert certificate
cfg configuration configure config
char character
cls class
cmd command
cmp compare comparison
col column
conf configuration configure config
config configuration configure
conn connection connect
const constant
conv convert conversion
coro coroutine
ctl control
ctor constructor
ctrl control controller
ctx context
cur current
db database
de deserialize deserialization
dec decode decoder
decl declaration declare
def definition define
del delete
dep dependency
deser deserialize deserialization
desc description descriptor
dest destination
dev development device
dict dictionary
diff difference
dir directory
doc documentation document
dst destination
dtor destructor
elem element
enc encode encoder
enum enumeration
env environment
eq equal equality
err error
eval evaluate evaluation
evt event
exc exception
exec execute execution
expr expression
ext extension
fmt format formatter
fn function
freq frequency
fs filesystem
func function
gen generate generator
hdr header
i18n internationalization
ident identifier
idx index
img image
impl implementation implement
info information
init initialize initialization
inst instance
int integer
intl internationalization international
iter iterate iterator
l10n localization
len length
lex lexer
lib library
lit literal
loc location
max maximum
mem memory
mgr manager
min minimum
misc miscellaneous
mod module
msg message
mul multiply
nav navigation
neg negative negate
net network
ns namespace
num number
obj object
op operation operator
opt option optional
orig original
param parameter
perf performance
pkg package
pos position
pred predicate
prev previous
priv private
proc process procedure
prop property
proto protocol prototype
ptr pointer
pub publish public
pwd password
rand random
recv receive
ref reference
reg register registry
regex regular
regexp regular
rel relative release
repo repository
req request
res response resource result
resp response
ret return
rng random
sched schedule scheduler
sel select selector
sep separator
seq sequence
ser serialize serialization
sess session
sig signal signature
spec specification
src source
srv server
stat statistics
stmt statement
str string
sub subscribe subscription
svc service
sym symbol
sync synchronize synchronization synchronous
sys system
tbl table
temp temporary
term terminal
tmp temporary
tok token
tx transaction
txn transaction
txt text
usr user
util utility
val value
var variable
vec vector
ver version
ws websocket
"""


@cache
def _alike() -> dict[str, frozenset[str]]:
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for line in _TABLE.strip().splitlines():
        short, *long = map(stem, line.split())
        alike[short].update(long)
        for word in long:
            alike[word].add(short)
    return {word: frozenset(others) for word, others in alike.items()}


def is_said(word: str, words: Set[str]) -> bool:
    """Whether ``words`` has the word, what it is short for, or a short form; all of them stems."""
    return word in words or not words.isdisjoint(_alike().get(word, ()))
