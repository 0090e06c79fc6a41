[(class_declaration) (protocol_declaration)] @class
(typealias_declaration) @type
; the token behind "func": an operator has no field for its name
(function_declaration "func" . _ @name) @function
((protocol_function_declaration) @function (#set! min_lines "999999"))
((init_declaration) @function (#set! name "init"))
((deinit_declaration) @function (#set! name "deinit"))
((subscript_declaration (computed_property) @body) @function (#set! name "subscript"))
((property_declaration
  name: (pattern bound_identifier: (_) @name)
  computed_value: (_) @body) @function
 (#set! min_lines "4"))
(attribute) @attribute
[(comment) (multiline_comment)] @comment
