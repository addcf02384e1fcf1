"""Knowledge that everything else rests on. No ROS, no clock."""
