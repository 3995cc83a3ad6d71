module twinbox

go 1.22
