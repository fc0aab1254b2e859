package e2e_test

import (
	"maps"
	"slices"
)

// modelConsumer is what Visa should have of a consumer, by what was asked and what it did.
type modelConsumer struct {
	consumer   enrolConsumer
	isEnrolled bool
	isInactive bool
	emails     []string
	cities     map[int64]string // of each card
}

func newModel(c enrolConsumer) *modelConsumer {
	return &modelConsumer{consumer: c, cities: map[int64]string{}}
}

// refuses returns why Visa refuses a change; "" if it does not.
func (m *modelConsumer) refuses(c *enrolChange) string {
	_, hasCard := m.cities[c.card]
	switch {
	case c.action == "enrol_customer" && m.isEnrolled:
		return "VIDC-2000"
	case c.action == "enrol_customer":
		return ""
	case !m.isEnrolled:
		return "VIDC-2001"
	case c.action == "enrol_card" && hasCard:
		return "VIDC-2004"
	case (c.action == "update_card" || c.action == "delete_card") && !hasCard:
		return "VIDC-2005"
	}
	return ""
}

// emailsOf are those that a change sends, and cityOf the city: an override, or what is stored.
func (m *modelConsumer) emailsOf(c *enrolChange) []string {
	if c.emails != nil {
		return c.emails
	}
	return []string{m.consumer.email()}
}

func cityOf(c *enrolChange) string {
	if c.city != "" {
		return c.city
	}
	return enrolCity
}

// has reports whether Visa has already what a change would make.
func (m *modelConsumer) has(c *enrolChange) bool {
	city, hasCard := m.cities[c.card]
	switch c.action {
	case "enrol_customer", "enrol_card":
		return m.isEnrolled && hasCard
	case "update_customer":
		return m.isEnrolled && slices.Equal(m.emails, m.emailsOf(c))
	case "deactivate_customer", "activate_customer":
		return m.isEnrolled && m.isInactive == (c.action == "deactivate_customer") && slices.Equal(m.emails, m.emailsOf(c))
	case "update_card":
		return hasCard && city == cityOf(c)
	case "delete_card":
		return !hasCard
	case "delete_customer":
		return !m.isEnrolled
	}
	return false
}

// apply makes the consumer what a change makes of it.
func (m *modelConsumer) apply(c *enrolChange) {
	switch c.action {
	case "enrol_customer":
		m.isEnrolled, m.isInactive, m.emails, m.cities = true, false, m.emailsOf(c), map[int64]string{c.card: cityOf(c)}
	case "enrol_card", "update_card":
		m.cities[c.card] = cityOf(c)
	case "update_customer":
		m.emails = m.emailsOf(c)
	case "deactivate_customer", "activate_customer":
		m.isInactive, m.emails = c.action == "deactivate_customer", m.emailsOf(c)
	case "delete_card":
		delete(m.cities, c.card)
	case "delete_customer":
		*m = *newModel(m.consumer)
	}
}

// status is what Visa calls how the consumer is.
func (m *modelConsumer) status() string {
	switch {
	case !m.isEnrolled:
		return "NOT_ENROLLED"
	case m.isInactive:
		return "INACTIVE"
	}
	return "ACTIVE"
}

func (m *modelConsumer) cards() []int64 { return slices.Sorted(maps.Keys(m.cities)) }
