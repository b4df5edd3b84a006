"""The doors: page, API and command line. Imports every other room; none imports it."""
