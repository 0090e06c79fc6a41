(function_declaration) @function
(generator_function_declaration) @function
(class_declaration) @class
(class name: (_)) @class
(class_body (method_definition) @function)
((object (method_definition) @function) (#set! min_lines "3"))

; const name = () => …, and the same behind the usual wrappers of functions
(variable_declarator name: (identifier) value: [
  (arrow_function body: (_) @body)
  (function_expression body: (_) @body)
  (generator_function body: (_) @body)
]) @function
((variable_declarator
  name: (identifier)
  value: (call_expression
    function: (_) @_wrapper
    arguments: (arguments . [
      (arrow_function body: (_) @body)
      (function_expression body: (_) @body)
    ]))) @function
 (#match? @_wrapper "(^|[.])(memo|forwardRef|observer|debounce|throttle|once|memoize|curry|useCallback|asyncHandler|defineComponent)$"))
(variable_declarator name: (identifier) value: (class body: (_) @body)) @class
(variable_declarator name: (identifier) value: (object)) @namespace

; name.of.something = function …; of module.exports = … the function's own name is the name
((assignment_expression
   left: [(identifier) (member_expression)] @name
   right: [
     (arrow_function body: (_) @body)
     (function_expression name: (_)? @own_name body: (_) @body)
     (generator_function name: (_)? @own_name body: (_) @body)
   ]) @function
 (#set! fallback "exports"))
((assignment_expression
   left: [(identifier) (member_expression)] @name
   right: (class name: (_)? @own_name body: (_) @body)) @class
 (#set! fallback "exports"))
(assignment_expression
  left: [(identifier) (member_expression)] @name
  right: (object)) @namespace

; Type.prototype[name] = function …
((assignment_expression
   left: (subscript_expression
     object: (member_expression property: (_) @_prototype) @scope
     index: [(identifier) (member_expression) (string)] @name)
   right: [
     (arrow_function body: (_) @body)
     (function_expression body: (_) @body)
     (generator_function body: (_) @body)
   ]) @function
 (#eq? @_prototype "prototype"))

; { name: function … }
((pair key: (_) @name value: [
   (arrow_function body: (_) @body)
   (function_expression body: (_) @body)
   (generator_function body: (_) @body)
 ]) @function
 (#set! min_lines "3"))
(pair key: (_) @name value: (object)) @namespace

((export_statement value: [
   (arrow_function body: (_) @body)
   (function_expression body: (_) @body)
 ]) @function
 (#set! name "default"))
((export_statement value: (class !name body: (_) @body)) @class (#set! name "default"))

(lexical_declaration . (variable_declarator) @wrapped .) @wrapper
(variable_declaration . (variable_declarator) @wrapped .) @wrapper
(expression_statement . (assignment_expression) @wrapped .) @wrapper
(export_statement declaration: (_) @wrapped) @wrapper
(decorator) @attribute
(comment) @comment
