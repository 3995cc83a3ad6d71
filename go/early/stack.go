package early

// stackRoom is more than main needs: what reads a file or a directory has 4 or 8 KiB on the stack.
const stackRoom = 24 << 10

// A goroutine begins with 2 KiB and gets the double whenever that is too little. Each time the
// runtime copies the stack, for which it reads the tables of every function on it from the file, and
// up to 16 KiB takes 32 KiB for stacks of the new size. One call of a function whose frame is this
// large makes main's stack as large as it needs to be, while next to nothing is on it.
func init() { growStack(false) }

// growStack has an array in its frame that is not even cleared unless use is true.
//
//go:noinline
func growStack(use bool) byte {
	if !use {
		return 0
	}
	var room [stackRoom]byte
	return firstOf(&room)
}

//go:noinline
func firstOf(room *[stackRoom]byte) byte { return room[0] }
