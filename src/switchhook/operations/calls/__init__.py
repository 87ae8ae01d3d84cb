"""Operations on stored calls."""
