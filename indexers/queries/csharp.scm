[(class_declaration) (struct_declaration) (interface_declaration)
 (record_declaration) (enum_declaration)] @class
(delegate_declaration) @type
(method_declaration body: (_)) @function
((method_declaration !body) @function (#set! min_lines "999999"))
(constructor_declaration) @function
((destructor_declaration) @function (#set! name "Finalize"))
(local_function_statement) @function
(operator_declaration operator: _ @name) @function
((conversion_operator_declaration) @function (#set! name "operator"))
((indexer_declaration accessors: (_) @body) @function (#set! name "this") (#set! min_lines "4"))

; properties that compute: small ones stay with the class unless documented
((property_declaration
  accessors: (accessor_list (accessor_declaration body: (_))) @body) @function
 (#set! min_lines "4"))
((property_declaration value: (arrow_expression_clause) @body) @function (#set! min_lines "4"))
((event_declaration accessors: (_) @body) @function (#set! min_lines "4"))

(attribute_list) @attribute
(comment) @comment
