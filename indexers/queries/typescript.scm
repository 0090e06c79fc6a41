(abstract_class_declaration) @class
(interface_declaration) @class
(enum_declaration) @class
(type_alias_declaration) @type
(internal_module) @namespace
(module) @namespace
(public_field_definition name: (_) value: [
  (arrow_function body: (_) @body)
  (function_expression body: (_) @body)
]) @function

; signatures without a body: overloads go with what they overload, others count if documented
((function_signature) @function (#set! group "yes") (#set! min_lines "999999"))
((method_signature) @function (#set! group "yes") (#set! min_lines "999999"))
((abstract_method_signature) @function (#set! min_lines "999999"))

(ambient_declaration (_) @wrapped) @wrapper
(expression_statement (internal_module) @wrapped) @wrapper
