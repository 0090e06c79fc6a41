(module) @module
(class) @class
(singleton_class) @namespace
(method) @function
(singleton_method) @function
((call
  method: (identifier) @_method
  arguments: (argument_list . [(simple_symbol) (string)] @name)
  block: (_) @body) @function
 (#any-of? @_method "define_method" "define_singleton_method"))

; Point = Struct.new(:x, :y) do … end
(assignment
  left: (constant) @name
  right: (call block: (do_block) @body)) @class

; private def …, memoize def …
(call arguments: (argument_list . (method) @wrapped .)) @wrapper
(call arguments: (argument_list . (singleton_method) @wrapped .)) @wrapper
(comment) @comment
