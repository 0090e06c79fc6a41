(class_declaration) @class
(interface_declaration) @class
(enum_declaration) @class
(record_declaration) @class
(annotation_type_declaration) @class
(enum_constant body: (_)) @namespace
(constructor_declaration) @function
(compact_constructor_declaration) @function
(method_declaration body: (_)) @function
((method_declaration !body) @function (#set! min_lines "999999"))
[(marker_annotation) (annotation)] @attribute
[(line_comment) (block_comment)] @comment
