package faults

import (
	"os"
	"runtime/debug"
)

// ballast is memory held on purpose.
type ballast struct{ bytes []byte }

func (b *ballast) hold(mib int) {
	size := mib << 20
	if size == len(b.bytes) {
		return
	}
	b.bytes = nil
	// The runtime would keep freed pages for minutes in case it needs them again.
	debug.FreeOSMemory()
	if size == 0 {
		return
	}
	b.bytes = make([]byte, size)
	// Pages that nobody wrote to are not resident.
	for i := 0; i < size; i += os.Getpagesize() {
		b.bytes[i] = 1
	}
}
