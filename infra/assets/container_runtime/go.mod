module workshop

go 1.22
