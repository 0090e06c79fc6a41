[(class_declaration) (object_declaration)] @class
(class_declaration [(class_body) (enum_class_body)] @body) @class
(object_declaration (class_body) @body) @class
(companion_object) @namespace
(type_alias) @type

; without a body it is a declaration, and needs documentation to count
((function_declaration) @function (#set! min_lines "999999"))
(function_declaration (function_body) @body) @function
(function_declaration (user_type) @scope . name: (_)) @function
(function_declaration (nullable_type (user_type) @scope) . name: (_)) @function
((secondary_constructor (block)? @body) @function (#set! name "constructor"))
((property_declaration
  (variable_declaration . (identifier) @name)
  (getter) @body) @function
 (#set! min_lines "4"))

(annotation) @attribute
[(line_comment) (block_comment)] @comment
