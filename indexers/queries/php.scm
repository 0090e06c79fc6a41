[(class_declaration) (trait_declaration) (interface_declaration) (enum_declaration)] @class
(function_definition) @function
(method_declaration body: (_)) @function
((method_declaration !body) @function (#set! min_lines "999999"))
((assignment_expression
  left: (variable_name) @name
  right: [(anonymous_function body: (_) @body) (arrow_function body: (_) @body)]) @function
 (#set! min_lines "3"))
(expression_statement . (assignment_expression) @wrapped .) @wrapper
(attribute_list) @attribute
(comment) @comment
