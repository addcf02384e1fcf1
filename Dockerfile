# dwpose_ros in a ROS 2 image.
#
#   docker build -t dwpose_ros .                                    # Jazzy, on the CPU
#   docker build -t dwpose_ros --build-arg ROS_DISTRO=humble .
#   docker build -t dwpose_ros:gpu --build-arg VARIANT=gpu .        # onnxruntime with CUDA
#   docker run --rm -it --net=host --shm-size=1g --device /dev/video0 dwpose_ros \
#       ros2 launch dwpose_ros guide.launch.py source:=0
#
# The GPU image is run with `--gpus all` (NVIDIA Container Toolkit); CUDA's libraries come with
# onnxruntime's wheels. Weights are kept in a volume: -v dwpose_models:/home/dwpose/.cache/dwpose_ros
#
# hadolint has checked this file. It has not been built yet: where it was written, no image could
# be pulled. That pip finds its Python packages was tried for Humble (3.10) and Jazzy (3.12).
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}-ros-base AS dependencies
# cpu or gpu
ARG VARIANT=cpu
ENV DWPOSE_VARIANT=${VARIANT}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /opt/dwpose_ws
# Only what says what is needed, so that a change of code installs nothing again.
COPY package.xml src/dwpose_ros/
COPY docker/install_dependencies /usr/local/bin/
RUN install_dependencies
COPY docker/entrypoint /entrypoint
# Cameras belong to the group video, loudspeakers to audio.
RUN useradd --create-home --shell /bin/bash --groups video,audio dwpose \
  && install -d -o dwpose /home/dwpose/.cache/dwpose_ros
ENTRYPOINT ["/entrypoint"]

# For work on the package: its sources are mounted, and the tests' libraries are there.
FROM dependencies AS development
RUN install_dependencies test
USER dwpose
CMD ["bash"]

FROM dependencies AS built
COPY . src/dwpose_ros
RUN . "/opt/ros/$ROS_DISTRO/setup.bash" && . /opt/dwpose/bin/activate \
  && colcon build --packages-select dwpose_ros --cmake-args -DBUILD_TESTING=OFF \
  && rm -rf build log src
USER dwpose
WORKDIR /home/dwpose
CMD ["ros2", "launch", "dwpose_ros", "guide.launch.py"]
