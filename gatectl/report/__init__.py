"""From a case's report without a language to a page that somebody reads.

`language` gives sentences, times and amounts the words of a language, from a file of texts each.
`disclosure` leaves out what may not be published. `picture` lays the timeline out as rectangles
and marks. `page` joins them to what the templates print: one HTML file, or Markdown; `document`
gives the same as JSON.
"""
