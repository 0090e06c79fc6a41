((call
  target: (identifier) @_keyword
  (arguments . (alias) @name)
  (do_block) @body) @module
 (#any-of? @_keyword "defmodule" "defprotocol" "defimpl"))
((call
  target: (identifier) @_keyword
  (do_block
    (unary_operator
      operand: (call
        target: (identifier) @_attribute
        (arguments . [(string) (sigil)] @doc .))))) @module
 (#any-of? @_keyword "defmodule" "defprotocol" "defimpl")
 (#eq? @_attribute "moduledoc"))

; adjacent clauses of one function are one: the group goes by name and number of arguments
((call
  target: (identifier) @_keyword
  (arguments . [
    (identifier) @name
    (call target: (identifier) @name (arguments) @params)
    (binary_operator left: (identifier) @name operator: "when")
    (binary_operator
      left: (call target: (identifier) @name (arguments) @params)
      operator: "when")
  ] (keywords)? @body)
  (do_block)? @body) @function
 (#set! group "yes")
 (#set! kind "function")
 (#any-of? @_keyword
   "def" "defp" "defmacro" "defmacrop" "defguard" "defguardp" "defdelegate" "defn" "defnp"))

((call
  target: (identifier) @_keyword
  (arguments . (string) @name)
  (do_block) @body) @function
 (#set! kind "function")
 (#eq? @_keyword "test"))

((unary_operator
  operator: "@"
  operand: (call
    target: (identifier) @_attribute
    (arguments . [(string) (sigil)] .))) @comment
 (#any-of? @_attribute "doc" "typedoc"))
((unary_operator operator: "@" operand: (call target: (identifier) @_attribute)) @attribute
 (#any-of? @_attribute
   "doc" "spec" "impl" "deprecated" "since" "dialyzer" "decorate" "tag" "describetag"))
(comment) @comment
