(class_specifier name: (_) body: (_)) @class
((field_declaration declarator: [
   (function_declarator)
   (pointer_declarator declarator: (function_declarator))
   (reference_declarator (function_declarator))
 ]) @function
 (#set! min_lines "999999"))
(namespace_definition) @namespace
(alias_declaration) @type
(concept_definition) @type
(template_declaration (_) @wrapped) @wrapper
(attribute_declaration) @attribute
