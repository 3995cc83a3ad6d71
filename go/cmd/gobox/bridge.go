//go:build cgo

package main

import _ "gobox/bridge" // each stage in C as well: run --via

func init() { program = "gobox-bridge" }
