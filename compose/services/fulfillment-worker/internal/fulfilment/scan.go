package fulfilment

import "time"

// scan remembers how far the search for abandoned entries has come.
type scan struct {
	cursor string
	last   time.Time
	// yields is set when abandoned entries took all slots: new orders come first the next time,
	// or many failing orders would starve them.
	yields bool
}

// due is true in the middle of a scan, and when it is time for the next.
func (s *scan) due(every time.Duration) bool {
	return s.cursor != StartCursor || time.Since(s.last) >= every
}

func (s *scan) advance(cursor string) {
	s.cursor, s.last = cursor, time.Now()
}
