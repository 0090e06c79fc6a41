[(class_definition) (object_definition) (trait_definition) (enum_definition)
 (package_object)] @class
(given_definition name: (_)) @class
(given_definition !name return_type: (_) @name) @class
(extension_definition) @namespace
(type_definition) @type
(function_definition) @function
((function_declaration) @function (#set! min_lines "999999"))
(annotation) @attribute
[(comment) (block_comment)] @comment
