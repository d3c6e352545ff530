"""ffmpeg work on a finished show: one file of all takes, small pictures, pieces cut out of it."""
