(function_definition) @function

; A prototype counts where it is documented: that is where headers explain themselves. A comment
; above a list of prototypes documents none of them.
((declaration declarator: [
   (function_declarator)
   (pointer_declarator declarator: (function_declarator))
   (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator)))
 ]) @function
 (#set! min_lines "999999")
 (#set! apart "yes")
 (#not-match? @function "^static"))

(struct_specifier name: (_) body: (_)) @class
(union_specifier name: (_) body: (_)) @class
(enum_specifier name: (_) body: (_)) @class
(type_definition
  type: [(struct_specifier body: (_) @body)
         (union_specifier body: (_) @body)
         (enum_specifier body: (_) @body)]
  declarator: (_) @name) @class

((preproc_function_def value: (_) @body) @function (#set! min_lines "4"))
(comment) @comment
