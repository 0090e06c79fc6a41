(function_declaration) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: (_) @scope))) @method
(type_spec type: (struct_type (field_declaration_list) @body)) @class
(type_spec type: (interface_type)) @class
(type_spec) @type
(type_alias) @type
(type_declaration . (_) @wrapped .) @wrapper
(comment) @comment
