(function_declaration) @function
(variable_declaration . (identifier) @name
  [(struct_declaration) (enum_declaration) (union_declaration) (opaque_declaration)]) @class

; a function that returns a struct is Zig's generic type
((function_declaration
  type: (builtin_type) @_type
  body: (block (expression_statement (return_expression (struct_declaration))))) @class
 (#eq? @_type "type"))
(test_declaration [(string) (identifier)] @name (block) @body) @function
(comment) @comment
