package tokens

import "time"

// BoundFlights has questions for cards' tokens end earlier than after maxFlight.
func (f *Flow) BoundFlights(longest time.Duration) { f.flights.longest = longest }
