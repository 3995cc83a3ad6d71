module gobox

go 1.22
