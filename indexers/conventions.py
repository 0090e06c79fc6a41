"""Names and first lines by which people mark code that nobody here writes by hand.

In spirit GitHub linguist's ``vendor.yml`` and ``generated.rb``, with fewer rules: a file that is
missing from an index annoys more than one too many, since nobody sees that it is missing. Hence:

* ``deps``, ``dist``, ``extern``, ``external`` count as vendored at the top of a repository only
  (redis and node keep other people's code in ``deps``). RabbitMQ, whose own code is there, needs
  ``!deps/`` in a ``.codesearchignore``;
* ``vendor`` counts anywhere, save for source files of languages whose folders are package names
  (``com/shop/vendor/Vendor.java``);
* not taken: ``cache``, ``env``, ``tools``, ``debian``, ``fixtures``, ``docs``, ``*.d.ts``.
"""

from __future__ import annotations

import re

from indexers.types import SkipReason


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VENDORED_FOLDERS = _words(
    "node_modules bower_components jspm_packages web_modules site-packages Godeps Pods Carthage "
    "vendor vendors _vendor _vendored third_party third-party thirdparty ThirdParty Third_Party "
    "3rdparty 3rd_party 3rd-party 3rdParty .yarn .venv venv .bundle ace-builds MathJax "
    "ckeditor tiny_mce tinymce"
)
_VENDORED_AT_TOP = _words("deps dist extern external externals Vendor Vendors External")
_PACKAGE_FOLDERS = frozenset(("vendor", "vendors"))
_PACKAGE_SUFFIXES = (".java", ".kt", ".kts", ".scala", ".groovy", ".cs")
_VENDORED_NAMES = re.compile(
    r"""
    (gradlew|mvnw)(\.bat|\.cmd)?
    | cpplint\.py | get-pip\.py | ez_setup\.py | versioneer\.py | erlang\.mk
    | config\.(guess|sub|rpath) | ltmain\.sh | install-sh | depcomp | mkinstalldirs
    | (aclocal|libtool|lt\w+|ax_\w+)\.m4
    """,
    re.VERBOSE,
)
# Only in a folder other than src: lodash.js at the top and src/jquery.js are their makers' own.
_VENDORED_SCRIPTS = re.compile(
    r"""
    (jquery|bootstrap|angular|d3|lodash|underscore|modernizr|mootools|knockout|handlebars|html5shiv)
      ([.-](ui|migrate|slim|bundle|core|v?\d\w*))*\.(js|css)
    | .+[-.]v?\d+\.\d+\.\d+([-.]\w+)*\.(js|css)
    """,
    re.VERBOSE,
)
_LOCK_FILES = _words(
    "package-lock.json npm-shrinkwrap.json pnpm-lock.yaml bun.lockb go.sum go.work.sum "
    "packages.lock.json project.assets.json paket.lock Package.resolved gradle.lockfile "
    "conda-lock.yml .terraform.lock.hcl MODULE.bazel.lock cabal.project.freeze .pnp.cjs "
    ".pnp.loader.mjs"
)
# Drawings among them: text, but written by a program.
_GENERATED_NAMES = re.compile(
    r"""
    .+_pb2(_grpc)?\.pyi? | .+\.pb(\.\w+)+ | .+\.pb(enum|json|server|objc)\.\w+
    | .+_(grpc_)?pb(_service)?\.(js|ts|rb|d\.ts)
    | .+\.(g|gr|freezed|mocks)\.dart | .+\.(designer|g|g\.i)\.(cs|vb)
    | .+\.generated\.\w+ | .+_generated\.(go|rs|h|ts|py) | zz_generated.*\.go | bindata\.go
    | .+\.(js|mjs|cjs|css|ts)\.map | .+\.snap | .+\.pbxproj
    | .+\.tab\.[ch](pp)? | lex\.yy\.c(c)?
    | .+\.(svg|drawio|excalidraw)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_GENERATED_FOLDERS = ("__generated__/", "__snapshots__/")
_MINIFIED_NAMES = re.compile(r".+[.-]min\.(js|mjs|cjs|css|html|json)")
_BINARY_SUFFIXES = _words(
    "png jpg jpeg gif bmp ico icns tif tiff webp avif heic psd ai eps xcf pdf ps doc docx xls xlsx "
    "ppt pptx odt ods odp zip gz tgz bz2 xz zst lz4 7z rar tar jar war ear whl egg deb rpm apk aab "
    "ipa dmg iso img class pyc pyo o obj a lib so dylib dll exe pdb wasm bin dat db sqlite sqlite3 "
    "mdb parquet feather arrow avro npy npz pkl pickle h5 hdf5 onnx pt pth safetensors ckpt tflite "
    "woff woff2 ttf otf eot mp3 mp4 m4a m4v mov avi mkv webm wav ogg flac aac mid swf fla rdb "
    "jks keystore p12 pfx der gpg nupkg pak"
)
_SCRIPT_SUFFIXES = _words("cgi command fcgi hook run")
_MARKUP_SUFFIXES = _words("md markdown mdx rst adoc asciidoc org tex html htm")
_STYLE_AND_SCRIPT = _words("js mjs cjs css")

# What a tool writes above the code. Of a comment, unless the sentence can mean nothing else; the
# vaguest words count at the very top only. Where the code begins we stop reading: a program that
# generates files has such sentences too, further down.
_HEADER_LINES = 40
_TOP_LINES = 5
_CODE_BEGINS = re.compile(
    r"(import|from|export|const|let|var|def|class|func|function|fn|pub|struct|static|require)\b"
    r"|\#include\b"
)
_COMMENT = r"""(?://|\#|/?\*|--|;|<!--|"{3}|'{3}|%|\(\*|\{-|dnl\b|rem\b)[\s*\#/!;-]*"""
_THIS_IS_GENERATED = re.compile(
    r"""
    \bcode\ generated\ .*\bdo\ not\ edit\b
    | \bthis\ (file|code|source|source\ code|class|module|header|script)\ (is|was|has\ been)
      \ (auto(matically)?[ -]?)?generated\b
    | \bgenerated\b.{0,80}\b(do\ not|don't)\ (edit|modify|change|touch)\b
    | \b(do\ not|don't)\ (edit|modify|change|touch)\b.{0,80}\b(auto[ -]?)?generated\b
    | <auto-?generated\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COMMENT_SAYS = re.compile(
    _COMMENT
    + r"""
    (@(partially-?)?generated\b(?!`)
     | (file\ |code\ )?auto(matically)?[ -]?generated
       \ *($|[.!:;(*-]|(by|from|file|code|using|with)\b))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COMMENT_SAYS_AT_TOP = re.compile(
    _COMMENT + r"generated\ (automatically\ )?(by|from|with|using)\b", re.VERBOSE | re.IGNORECASE
)


def is_vendored(path: str) -> bool:
    """True if the path says that other people wrote this."""
    *folders, name = path.split("/")
    found = _VENDORED_FOLDERS.intersection(folders)
    if name.endswith(_PACKAGE_SUFFIXES):
        found -= _PACKAGE_FOLDERS
    if found or (folders and folders[0] in _VENDORED_AT_TOP):
        return True
    if folders and "src" not in folders and _VENDORED_SCRIPTS.fullmatch(name):
        return True
    return _VENDORED_NAMES.fullmatch(name) is not None


def machine_made(path: str) -> SkipReason | None:
    """Lock file, minified or generated, as far as the path says so."""
    name = path.rpartition("/")[2]
    if name in _LOCK_FILES or name.endswith(".lock"):
        return SkipReason.LOCK_FILE
    if _MINIFIED_NAMES.fullmatch(name):
        return SkipReason.MINIFIED
    folder = any(f"/{known}" in f"/{path}" for known in _GENERATED_FOLDERS)
    return SkipReason.GENERATED if folder or _GENERATED_NAMES.fullmatch(name) else None


def may_be_script(path: str) -> bool:
    """True if a file of no known suffix is worth a look at its first line.

    That is one whose name has no suffix, or none that is a word (``.bashrc``, ``run-1.2``,
    ``should print 0.1.x versions``), or one that scripts in several languages have. Not asked is
    whether it can be executed: a change of mode is no change of content, and changes nothing.
    """
    stem, _, suffix = path.rpartition("/")[2].rpartition(".")
    return not stem or suffix in _SCRIPT_SUFFIXES or not re.fullmatch(r"[A-Za-z]\w*", suffix)


def is_binary_name(path: str) -> bool:
    """True if the suffix is one of images, archives, programs, data."""
    return _suffix(path) in _BINARY_SUFFIXES


def says_generated(path: str, text: str) -> bool:
    """True if the first lines say that a tool wrote the file."""
    markup = _suffix(path) in _MARKUP_SUFFIXES
    for number, line in enumerate(text[:8000].splitlines()[:_HEADER_LINES]):
        line = line.strip()[:400]
        if markup and not line.startswith("<!--"):
            continue  # a text may well speak of generated files
        if _THIS_IS_GENERATED.search(line) or _COMMENT_SAYS.match(line):
            return True
        if number < _TOP_LINES and _COMMENT_SAYS_AT_TOP.match(line):
            return True
        if _CODE_BEGINS.match(line):
            return False
    return False


def looks_minified(path: str, text: str) -> bool:
    """True if lines are longer on average than people write them (prose excepted)."""
    suffix = _suffix(path)
    if suffix in _MARKUP_SUFFIXES or suffix == "txt":
        return False
    lines = sum(1 for line in text.splitlines() if line.strip())
    longest = 110 if suffix in _STYLE_AND_SCRIPT else 300  # linguist's number for scripts
    return len(text) > longest * max(lines, 1)


def _suffix(path: str) -> str:
    stem, _, suffix = path.rpartition("/")[2].rpartition(".")
    return suffix.lower() if stem else ""
