(data_type) @class
(newtype) @class
(class) @class
(class declarations: (_) @body) @class
(instance) @class
(instance declarations: (_) @body) @class
(type_synonym) @type

; a signature and the equations behind it are one
((_ [(function match: (_) @body) (bind match: (_) @body)] @function) (#set! group "yes"))
((_ (function (infix operator: (_) @name) match: (_) @body) @function) (#set! group "yes"))
((declarations (signature) @function) (#set! group "yes") (#set! min_lines "999999"))
((class_declarations (signature) @function) (#set! group "yes") (#set! min_lines "999999"))
((instance_declarations (signature) @function) (#set! group "yes") (#set! min_lines "999999"))
[(comment) (haddock)] @comment
