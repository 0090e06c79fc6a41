"""Path → language, grammar: a table, one row a language.

What a grammar's nodes mean (which are functions, which classes, which comments) stands in
``queries/<name>.scm``; the chunker reads a row here and the queries there, and knows no language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath


class Form(Enum):
    """How a language's files are cut."""

    TREE = "tree"  # by a grammar, on symbol borders
    HEADINGS = "headings"  # prose by its headings
    LINES = "lines"  # text and configuration by paragraphs
    CODE_LINES = "code lines"  # code for which we carry no grammar, by paragraphs


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar wheel and the queries that say what its nodes mean."""

    module: str  # imported when the first file needs it
    queries: tuple[str, ...]  # files in ``queries/``, read one after the other
    function: str = "language"
    blank: str = ""  # what to hide from the grammar: the last group of each match


@dataclass(frozen=True, slots=True)
class Language:
    """One row: how a file is known to be of a language, and how it is cut."""

    name: str
    extensions: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()  # of the shebang line, without version
    aliases: tuple[str, ...] = ()
    form: Form = Form.TREE
    grammar: str = ""  # a key of GRAMMARS; the language's own name where empty


_ECMASCRIPT = "ecmascript"

# Without the preprocessor, macros in these places break the definitions around them:
# ``class EXPORT Name {``; ``FOO_INLINE int f()``; ``FOO_BEGIN_NAMESPACE`` alone on a line.
_MACROS = (
    r"\b(?:class|struct|union)[ \t]+((?:[A-Z_][A-Z0-9_]*(?:\([^()\n]*\))?[ \t]+)+)"
    r"(?=\w+(?:<[^<>\n]*>)?\s*(?:final\s*)?[:{])"
    r"|^[ \t]*((?:[A-Z0-9_]*(?:API|EXPORT|INLINE|EXTERN|NORETURN|NODISCARD|DEPRECATED|DECL"
    r"|CONSTEXPR)[ \t]+)+)(?=[\w:])"
    r"|^[ \t]*([A-Z][A-Z0-9]*_[A-Z0-9_]+)[ \t]*$"
)

GRAMMARS = {
    "bash": Grammar("tree_sitter_bash", ("bash",)),
    "c": Grammar("tree_sitter_c", ("c",), blank=_MACROS),
    "cpp": Grammar("tree_sitter_cpp", ("c", "cpp"), blank=_MACROS),
    "csharp": Grammar("tree_sitter_c_sharp", ("csharp",)),
    "elixir": Grammar("tree_sitter_elixir", ("elixir",)),
    "go": Grammar("tree_sitter_go", ("go",)),
    "haskell": Grammar("tree_sitter_haskell", ("haskell",)),
    "java": Grammar("tree_sitter_java", ("java",)),
    "javascript": Grammar("tree_sitter_javascript", (_ECMASCRIPT, "javascript")),
    "kotlin": Grammar("tree_sitter_kotlin", ("kotlin",)),
    "lua": Grammar("tree_sitter_lua", ("lua",)),
    "php": Grammar("tree_sitter_php", ("php",), "language_php"),
    "python": Grammar("tree_sitter_python", ("python",)),
    "ruby": Grammar("tree_sitter_ruby", ("ruby",)),
    "rust": Grammar("tree_sitter_rust", ("rust",)),
    "scala": Grammar("tree_sitter_scala", ("scala",)),
    "swift": Grammar("tree_sitter_swift", ("swift",)),
    "tsx": Grammar("tree_sitter_typescript", (_ECMASCRIPT, "typescript"), "language_tsx"),
    "typescript": Grammar(
        "tree_sitter_typescript", (_ECMASCRIPT, "typescript"), "language_typescript"
    ),
    "zig": Grammar("tree_sitter_zig", ("zig",)),
}


def _text(name: str, extensions: str, filenames: str = "", aliases: str = "") -> Language:
    return Language(
        name,
        tuple(extensions.split()),
        tuple(filenames.split()),
        aliases=tuple(aliases.split()),
        form=Form.LINES,
    )


def _code(name: str, extensions: str, interpreters: str = "", aliases: str = "") -> Language:
    return Language(
        name,
        tuple(extensions.split()),
        interpreters=tuple(interpreters.split()),
        aliases=tuple(aliases.split()),
        form=Form.CODE_LINES,
    )


_ROWS = (
    Language(
        "bash",
        ("sh", "bash", "zsh", "ksh", "bats", "ebuild"),
        (".bashrc", ".bash_profile", ".profile", ".zshrc", "PKGBUILD"),
        ("sh", "bash", "zsh", "ksh", "dash", "ash", "bats"),
        ("sh", "shell", "zsh"),
    ),
    Language("c", ("c", "h")),
    Language(
        "cpp",
        ("cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "h++", "ipp", "inl", "tcc", "cu", "cuh"),
        aliases=("c++", "cxx"),
    ),
    Language("csharp", ("cs", "csx"), aliases=("cs", "c#")),
    Language("elixir", ("ex", "exs"), interpreters=("elixir",), aliases=("ex",)),
    Language("go", ("go",), aliases=("golang",)),
    Language("haskell", ("hs",), interpreters=("runhaskell", "stack"), aliases=("hs",)),
    Language("java", ("java",)),
    Language(
        "javascript",
        ("js", "jsx", "mjs", "cjs"),
        ("Jakefile",),
        ("node", "nodejs"),
        ("js", "jsx", "node"),
    ),
    Language("kotlin", ("kt", "kts"), aliases=("kt",)),
    Language("lua", ("lua", "rockspec"), interpreters=("lua", "luajit")),
    Language("php", ("php", "phtml", "php5", "php7"), interpreters=("php",)),
    Language(
        "python",
        ("py", "pyi", "pyw", "pyx", "pxd", "bzl", "star", "gyp", "gypi"),
        ("BUILD", "BUILD.bazel", "WORKSPACE", "SConstruct", "SConscript", "wscript", "Tiltfile"),
        ("python", "pypy"),
        ("py", "python3"),
    ),
    Language(
        "ruby",
        ("rb", "rake", "gemspec", "ru", "podspec", "jbuilder"),
        ("Rakefile", "Gemfile", "Guardfile", "Vagrantfile", "Podfile", "Fastfile", "Brewfile"),
        ("ruby", "jruby"),
        ("rb",),
    ),
    Language("rust", ("rs",), aliases=("rs",)),
    Language("scala", ("scala", "sc", "sbt", "mill"), interpreters=("scala",)),
    Language("swift", ("swift",), interpreters=("swift",)),
    Language(
        "typescript", ("ts", "tsx", "mts", "cts"), interpreters=("deno",), aliases=("ts", "tsx")
    ),
    Language("zig", ("zig", "zon")),
    Language("markdown", ("md", "markdown", "mdx", "mkd"), aliases=("md",), form=Form.HEADINGS),
    Language("rst", ("rst", "rest"), aliases=("restructuredtext",), form=Form.HEADINGS),
    _text(
        "text", "txt text adoc asciidoc org", "README CHANGELOG CHANGES NEWS TODO AUTHORS", "plain"
    ),
    _text("yaml", "yaml yml", ".clang-format .clang-tidy", "yml"),
    _text("toml", "toml", "Pipfile"),
    _text("json", "json jsonc json5 jsonl geojson webmanifest", ".babelrc .eslintrc .prettierrc"),
    _text(
        "ini",
        "ini cfg conf properties editorconfig desktop service",
        ".editorconfig .gitconfig .gitattributes .gitignore .gitmodules .npmrc .env",
        "cfg conf config",
    ),
    _text("dockerfile", "dockerfile", "Dockerfile Containerfile", "docker"),
    _text(
        "makefile", "mk mak make", "Makefile makefile GNUmakefile Kbuild justfile Justfile", "make"
    ),
    _text("cmake", "cmake", "CMakeLists.txt"),
    _text("html", "html htm xhtml erb ejs hbs handlebars mustache jinja jinja2 j2 twig haml"),
    _text("xml", "xml xsd xsl xslt plist csproj vcxproj props targets svg"),
    _text("css", "css scss sass less styl", aliases="scss sass less"),
    _code("sql", "sql ddl psql pgsql"),
    _code("proto", "proto", aliases="protobuf"),
    _code("graphql", "graphql gql graphqls", aliases="gql"),
    _code("terraform", "tf tfvars hcl", aliases="hcl tf"),
    _code("nix", "nix"),
    Language(
        "gradle", ("gradle", "groovy"), ("Jenkinsfile",), aliases=("groovy",), form=Form.CODE_LINES
    ),
    _code("dart", "dart"),
    _code("r", "r R Rmd", "Rscript"),
    _code("perl", "pl pm t", "perl", "pl"),
    _code("julia", "jl", "julia", "jl"),
    _code("objective-c", "m mm", aliases="objc objectivec"),
    _code("clojure", "clj cljs cljc edn", "bb", "clj"),
    _code("erlang", "erl hrl", "escript", "erl"),
    _code("ocaml", "ml mli", "ocaml", "ml"),
    _code("fsharp", "fs fsi fsx", aliases="fs f#"),
    _code("vue", "vue"),
    _code("svelte", "svelte"),
    _code("astro", "astro"),
    _code("powershell", "ps1 psm1 psd1", "pwsh", "ps1"),
    _code("batch", "bat cmd"),
    _code("fish", "fish", "fish"),
    _code("vim", "vim", aliases="vimscript viml"),
    _code("nim", "nim nims"),
    _code("crystal", "cr", "crystal"),
    _code("d", "d"),
    _code("fortran", "f f90 f95 f03 f08 for"),
    _code("pascal", "pas dpr"),
    _code("ada", "adb ads"),
    _code("assembly", "s S asm", aliases="asm"),
    _code("lisp", "lisp cl el lsp", "sbcl", "elisp"),
    _code("scheme", "scm ss rkt", "guile racket", "racket"),
    _code("tcl", "tcl", "tclsh"),
    _code("awk", "awk", "awk gawk"),
    _code("solidity", "sol"),
    _code("verilog", "v sv svh"),
    _code("vhdl", "vhd vhdl"),
    _code("glsl", "glsl vert frag comp hlsl wgsl metal"),
    _code("elm", "elm"),
    _code("purescript", "purs"),
    _code("matlab", "mlx"),
    _code("visual-basic", "vb vbs bas", aliases="vb"),
    _code("coffeescript", "coffee", "coffee", "coffee"),
)

_BY_NAME = {row.name: row for row in _ROWS}
_BY_EXTENSION = {extension: row.name for row in _ROWS for extension in row.extensions}
_BY_FILENAME = {filename: row.name for row in _ROWS for filename in row.filenames}
_BY_INTERPRETER = {program: row.name for row in _ROWS for program in row.interpreters}
_ALIASES = {alias: row.name for row in _ROWS for alias in row.aliases}

LANGUAGES: tuple[str, ...] = tuple(sorted(_BY_NAME))
"""Every name that ``detect`` may return, sorted."""

_CPLUSPLUS = re.compile(
    r"^\s*(?:class\s+\w|namespace\b|template\s*<|using\s+\w|public:|private:|protected:)"
    r"|^\s*#\s*include\s*<\w+>|\bstd::|\bconstexpr\b|\bvirtual\s",
    re.MULTILINE,
)
_SHEBANG = re.compile(r"#!\s*(\S+)(.*)")


def detect(path: str, head: str = "") -> str | None:
    """Return the name of the language of the file at ``path``, or None where none is known.

    ``head`` is the beginning of the content: its shebang decides where the path does not, and
    a ``.h`` file is C++ where the head shows it (the longer the head, the surer).
    """
    name = PurePosixPath(path).name
    found = _BY_FILENAME.get(name)
    if found is None and name.startswith(("Dockerfile.", "Containerfile.")):
        found = "dockerfile"
    if found is None:
        extension = name.rpartition(".")[2] if "." in name else ""
        found = _BY_EXTENSION.get(extension) or _BY_EXTENSION.get(extension.lower())
    if found is None:
        return _by_shebang(head)
    if found == "c" and name.endswith(".h") and _CPLUSPLUS.search(head):
        return "cpp"
    return found


def _by_shebang(head: str) -> str | None:
    match = _SHEBANG.match(head.removeprefix("\ufeff"))
    if match is None:
        return None
    program, arguments = match.group(1).rpartition("/")[2], match.group(2).split()
    if program == "env":  # #!/usr/bin/env -S NAME=value python3 -u
        words = [word for word in arguments if not word.startswith("-") and "=" not in word]
        program = words[0].rpartition("/")[2] if words else ""
    return _BY_INTERPRETER.get(program) or _BY_INTERPRETER.get(program.rstrip("0123456789."))


def resolve_name(alias: str) -> str | None:
    """Return the language that a user means by ``alias`` ("py", "C++", "golang"), or None."""
    name = alias.strip().lower()
    return name if name in _BY_NAME else _ALIASES.get(name)


def get(name: str) -> Language:
    """Return the row of a language; a name outside of ``LANGUAGES`` is cut by lines."""
    return _BY_NAME.get(name) or Language(name, form=Form.LINES)


def grammar_of(language: str, path: str) -> Grammar | None:
    """Return the grammar for a file, None where we carry none: ``.tsx`` needs one of its own."""
    row = get(language)
    if row.form is not Form.TREE:
        return None
    is_tsx = row.name == "typescript" and path.lower().endswith(".tsx")
    return GRAMMARS["tsx" if is_tsx else row.grammar or row.name]
