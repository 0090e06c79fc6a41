((function_declaration name: [(identifier) (dot_index_expression)]) @function
 (#set! kind "function"))
(function_declaration name: (method_index_expression)) @method
((assignment_statement
   (variable_list . name: (_) @name .)
   (expression_list . value: (function_definition body: (_) @body) .)) @function
 (#set! kind "function"))
((field
  name: (_) @name
  value: (function_definition body: (_) @body)) @function
 (#set! min_lines "3"))
(assignment_statement
  (variable_list . name: (_) @name .)
  (expression_list . value: (table_constructor) .)) @namespace
(field name: (_) @name value: (table_constructor)) @namespace
(variable_declaration . (assignment_statement) @wrapped .) @wrapper
(comment) @comment
