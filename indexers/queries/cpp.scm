(class_specifier name: (_) body: (_)) @class
((field_declaration declarator: [
   (function_declarator)
   (pointer_declarator declarator: (function_declarator))
   (reference_declarator (function_declarator))
 ]) @function
 (#set! min_lines "999999")
 (#set! apart "yes"))
(namespace_definition) @namespace
(alias_declaration) @type
(concept_definition) @type
(template_declaration (_) @wrapped) @wrapper
(attribute_declaration) @attribute

; TEST(Suite, Name) { … }
((function_definition
   !type
   declarator: (function_declarator
     declarator: (identifier) @_macro
     parameters: (parameter_list . (parameter_declaration) @scope . (parameter_declaration) @name .)))
 @function
 (#set! kind "function")
 (#match? @_macro "^[A-Z_]*TEST(_[A-Z]+)?$"))
