(function_item) @function
((function_signature_item) @function (#set! min_lines "999999"))
[(struct_item) (enum_item) (union_item) (trait_item)] @class
(impl_item type: (_) @name) @class
(type_item) @type
(mod_item body: (_)) @namespace
((macro_definition (macro_rule) @body) @function)
(attribute_item) @attribute
[(line_comment) (block_comment)] @comment
