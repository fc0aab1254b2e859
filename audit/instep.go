package audit

import "context"

// inStep reads numbered rows page by page, in step with a walk along the chain.
type inStep[T any] struct {
	read   func(ctx context.Context, after int64, limit int) ([]T, error) // rows with higher numbers, in order
	number func(T) int64
	page   []T
	done   bool
}

// at returns the row of a number, or nil. number must grow from call to call.
func (s *inStep[T]) at(ctx context.Context, number int64) (*T, error) {
	for len(s.page) > 0 && s.number(s.page[0]) < number {
		s.page = s.page[1:]
	}
	if len(s.page) == 0 && !s.done {
		page, err := s.read(ctx, number-1, pageSize)
		if err != nil {
			return nil, err
		}
		s.page, s.done = page, len(page) < pageSize
	}
	if len(s.page) == 0 || s.number(s.page[0]) != number {
		return nil, nil
	}
	return &s.page[0], nil
}
