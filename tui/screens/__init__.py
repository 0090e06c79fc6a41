"""The screens: they listen to widgets and tell the session what is wanted."""
