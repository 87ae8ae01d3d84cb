"""Joins the SIP legs of a call: who talks to whom, and what each is offered and answered."""
