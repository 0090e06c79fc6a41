(function_definition) @function
(function_definition body: (block . (expression_statement (string) @doc))) @function
(class_definition) @class
(class_definition body: (block . (expression_statement (string) @doc))) @class
(decorated_definition definition: (_) @wrapped) @wrapper
(decorator) @attribute

; an overload belongs to the definition that follows it
((decorated_definition (decorator) @_decorator definition: (function_definition) @function)
 (#set! group "yes")
 (#match? @_decorator "overload"))

(module . (comment)* . (expression_statement (string) @module_doc))
(comment) @comment
